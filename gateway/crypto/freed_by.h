// Owners of what a C library makes, for std::unique_ptr: std::unique_ptr<X509, FreedBy<X509_free>>.
#pragma once

namespace gateway::crypto {

template <auto Free>
struct FreedBy {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

}  // namespace gateway::crypto
