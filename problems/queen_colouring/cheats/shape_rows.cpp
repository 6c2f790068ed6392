// expect invalid: a list of rows is not a list of squares.
#include <cctype>
#include <cstdio>

int main() {
    int n = 0, character;
    while ((character = std::getchar()) != EOF)
        if (std::isdigit(character)) n = 10 * n + (character - '0');
    for (int i = 0; i < n * n; i++) std::printf("%s%d", i ? (i % n ? "," : "],[") : "[[", i);
    std::printf("]]");
}
