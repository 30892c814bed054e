#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/secrets/secret_forms.h"

namespace pyro {

/// Finds the values of secrets in bytes, by their forms, and leaves a mark in their place. Bytes
/// of forms that overlap are one redacted run. Takes time in proportion to the bytes, whatever they
/// are. Immutable.
class Redactor {
 public:
  static constexpr std::string_view kMark = "[REDACTED]";

  Redactor() = default;
  explicit Redactor(const std::vector<std::string>& values);

  bool empty() const { return forms_.empty(); }

  /// What comes before the bytes and after them.
  struct Edges {
    /// So many first bytes belong to a run that is marked already.
    std::size_t covered = 0;
    /// Bytes before them are missing: they may begin with the end of a value.
    bool after_gap = false;
    /// Bytes after them are missing: they may end with the beginning of a value.
    bool before_gap = false;
    /// More will follow: what may be the beginning of a value is not decided yet.
    bool goes_on = false;
  };
  enum class Kind {
    kText,     ///< as it is
    kMarked,   ///< a redacted run begins
    kCovered,  ///< belongs to a run that is marked already
  };
  struct Segment {
    std::size_t begin;
    std::size_t end;
    Kind kind;
  };
  struct Found {
    std::vector<Segment> segments;  ///< without gaps, from the first byte to the last decided one
    std::size_t decided = 0;
    std::size_t covered = 0;  ///< so many bytes after that belong to a run that is marked
  };
  Found find(std::string_view bytes, const Edges& edges) const;

  /// Of bytes that are whole.
  std::string redact(std::string_view bytes) const;
  /// Of the part from `begin` to `end`; what stands around it tells what belongs to a value.
  std::string redact_part(std::string_view bytes, std::size_t begin, std::size_t end) const;

 private:
  std::size_t longest_at(std::string_view bytes) const;
  bool may_begin_with(std::string_view bytes) const;
  std::size_t first_undecided(std::string_view bytes) const;
  std::size_t rest_of_value(std::string_view bytes) const;

  static constexpr unsigned kFilterBits = 16;
  static std::uint32_t filter_place(const char* bytes);

  std::vector<std::string> forms_;     ///< sorted, each once
  std::vector<std::int32_t> shorter_;  ///< of each the longest form that it begins with, or -1
  std::vector<std::uint64_t> filter_;  ///< by their first four bytes
};

}  // namespace pyro
