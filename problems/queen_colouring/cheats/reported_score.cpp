// expect invalid: its own score instead of a colouring.
#include <cctype>
#include <cstdio>

int main() {
    int n = 0, character;
    while ((character = std::getchar()) != EOF)
        if (std::isdigit(character)) n = 10 * n + (character - '0');
    std::printf("{\"score\": 1}");
}
