// expect error: two answers, for the judge to pick the better one.
#include <cctype>
#include <cstdio>

int main() {
    int n = 0, character;
    while ((character = std::getchar()) != EOF)
        if (std::isdigit(character)) n = 10 * n + (character - '0');
    std::printf("[0]\n[1]");
}
