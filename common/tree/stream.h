#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/tree/tree.h"

/// A tree as bytes on the guest's link. Either side may be hostile to the other.
///
/// A stream is a sequence of records, integers little-endian:
///   entry  u8 1, u8 kind, u32 mode, i64 mtime_ns, i64 ctime_ns, u64 inode, u64 size,
///          u16 path length, u16 target length, path, target
///   data   u8 2, u32 length (1 … 65536), bytes       of the last entry, a file
///   end    u8 3                                      of the last entry's content
///   done   u8 4                                      of the stream; nothing follows
namespace pyro::tree {

/// Writes a stream. Each call hands whole records to `out`.
class Encoder : public Sink {
 public:
  explicit Encoder(std::function<void(std::string_view)> out) : out_(std::move(out)) {}
  void entry(const Entry& entry) override;
  void data(std::string_view bytes) override;
  void end_file() override;
  void done();

 private:
  std::function<void(std::string_view)> out_;
};

/// Cuts a stream, fed in pieces of any size, into the calls of a sink. Holds at most one record.
/// Throws kInvalidArgument for what is no stream: unknown kinds, paths that are not clean or too
/// long, data outside of a file, links without a target, anything after the end.
class Decoder {
 public:
  explicit Decoder(Sink& sink) : sink_(sink) {}
  void feed(std::string_view bytes);
  /// The end came, so that nothing is missing.
  bool done() const { return done_; }

 private:
  std::size_t take_record(std::string_view bytes);
  std::size_t take_entry(std::string_view bytes);
  std::size_t take_data(std::string_view bytes);

  Sink& sink_;
  std::string buffer_;
  bool in_file_ = false;
  bool file_open_possible_ = false;
  bool done_ = false;
};

}  // namespace pyro::tree
