#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/field.h"
#include "common/network/policy.h"

namespace pyro::network {

/// What a policy with `learn` has recorded, in a machine's directory.
inline constexpr std::string_view kLearnedFile = "learned.json";

struct LearnedName {
  std::string name;
  std::uint16_t port = 0;
  std::uint64_t count = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &LearnedName::name, "An exact name.");
    f("port", &LearnedName::port, "The port of its connections.");
    f("count", &LearnedName::count, "How many connections.");
  }
};

/// The names in order, each port of one on its own, at most kMostNames.
struct LearnedNames {
  static constexpr std::size_t kMostNames = 1024;
  std::vector<LearnedName> names;
  bool truncated = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("names", &LearnedNames::names, "Names and ports, in order.");
    f("truncated", &LearnedNames::truncated, "There were more than the record holds.");
  }

  /// Returns whether it is new.
  bool add(std::string_view name, std::uint16_t port);
};

/// The entries that allow what was learnt: `example.com` where both 443 and 80, or one of them, was
/// used, `example.com:22` for others.
std::vector<std::string> allow_entries_of(const LearnedNames& learned);

/// Empty without a file; a damaged one is as none.
LearnedNames read_learned(const std::filesystem::path& directory);
void write_learned(const std::filesystem::path& directory, const LearnedNames& learned);

}  // namespace pyro::network
