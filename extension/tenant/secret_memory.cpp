// Pure C++: no symbol of the server.
#include "extension/tenant/secret_memory.hpp"

#include <new>

#include <sys/mman.h>

#include "common/hmac_key.hpp"

namespace custody::tenant {

SecretMemory::SecretMemory(std::size_t size)
    : data_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
      size_(size) {
    if (data_ == MAP_FAILED || madvise(data_, size_, MADV_DONTDUMP) != 0) {
        if (data_ != MAP_FAILED) {
            (void)munmap(data_, size_);
        }
        throw std::bad_alloc();
    }
    (void)mlock(data_, size_); // as far as RLIMIT_MEMLOCK goes
}

SecretMemory::~SecretMemory() {
    token::wipe(data_, size_);
    (void)munmap(data_, size_);
}

} // namespace custody::tenant
