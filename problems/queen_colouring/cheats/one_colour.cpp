// expect invalid: one colour for all, as if nothing attacked.
#include <cctype>
#include <cstdio>

int main() {
    int n = 0, character;
    while ((character = std::getchar()) != EOF)
        if (std::isdigit(character)) n = 10 * n + (character - '0');
    for (int i = 0; i < n * n; i++) std::printf(i ? ",0" : "[0");
    std::printf("]");
}
