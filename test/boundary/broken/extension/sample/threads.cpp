// A thread in the backend.
#include <thread>

void start(void (*work)()) { std::thread(work).detach(); }
