// expect invalid: one square is left out, the hardest one.
#include <cctype>
#include <cstdio>

int main() {
    int n = 0, character;
    while ((character = std::getchar()) != EOF)
        if (std::isdigit(character)) n = 10 * n + (character - '0');
    for (int i = 0; i < n * n - 1; i++) std::printf(i ? ",%d" : "[%d", i);
    std::printf("]");
}
