// Pure C++, it says, and reads a global of the server.
#include "extension/pg/postgres.hpp"

int process() { return MyProcPid; }
