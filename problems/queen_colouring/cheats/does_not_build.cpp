// expect error: a program that the compiler refuses; its message is the feedback.
int main() { return missing; }
