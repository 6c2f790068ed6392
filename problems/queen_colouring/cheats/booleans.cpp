// expect invalid: true and false are 1 and 0 in many languages, but no colours.
#include <cctype>
#include <cstdio>

int main() {
    int n = 0, character;
    while ((character = std::getchar()) != EOF)
        if (std::isdigit(character)) n = 10 * n + (character - '0');
    for (int i = 0; i < n * n; i++) std::printf(i ? ",true" : "[true");
    std::printf("]");
}
