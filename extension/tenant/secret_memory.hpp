// Memory for secrets. Pure C++: no core dump shows it, it is not swapped out where the limits allow
// that, and it is overwritten before it is given back.
#pragma once

#include <cstddef>

namespace custody::tenant {

class SecretMemory {
  public:
    /// Zeroed. Throws std::bad_alloc.
    explicit SecretMemory(std::size_t size);
    ~SecretMemory();
    SecretMemory(const SecretMemory &) = delete;
    SecretMemory &operator=(const SecretMemory &) = delete;

    void *data() noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

  private:
    void *data_;
    std::size_t size_;
};

} // namespace custody::tenant
