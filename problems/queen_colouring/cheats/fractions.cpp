// expect invalid: colours that differ by a hair, and would be one after rounding.
#include <cctype>
#include <cstdio>

int main() {
    int n = 0, character;
    while ((character = std::getchar()) != EOF)
        if (std::isdigit(character)) n = 10 * n + (character - '0');
    for (int i = 0; i < n * n; i++) std::printf(i ? ",%.12f" : "[%.12f", 1 + i * 1e-9);
    std::printf("]");
}
