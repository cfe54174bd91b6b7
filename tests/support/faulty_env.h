// A disk that fails: a RocksDB environment over the real file system whose Nth write operation
// (append, flush, sync or close a file; open one for writing, rename, link or delete it; sync a
// directory) fails, once or until the disk is repaired.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <memory>

namespace gateway {

struct Fault {
  enum class Error { kNoSpace, kInputOutput };
  // How much of a failing append reaches the file all the same.
  enum class Landed { kNothing, kHalf, kAll };

  uint64_t at = 0;    // the operation that fails, counted from Arm on, the first is 1; 0: none
  uint64_t also = 0;  // with `once`: another one
  bool once = false;  // else every later one fails too, until Repair
  Error error = Error::kInputOutput;
  Landed landed = Landed::kNothing;
};

// Thread-safe. Outlives what is opened through it.
class FaultyEnv {
 public:
  FaultyEnv();
  ~FaultyEnv();

  rocksdb::Env* env() const { return env_.get(); }
  void Arm(const Fault& fault);
  void Repair() { Arm({}); }
  // Operations since Arm or Repair, and how many of them failed.
  uint64_t operations() const;
  uint64_t failures() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace gateway
