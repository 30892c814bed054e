#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/registry/registry.h"

namespace pyro::workspace {

/// A place in what a command printed: bytes of each stream since its start.
struct OutputPlace {
  std::uint64_t stdout_offset = 0;
  std::uint64_t stderr_offset = 0;

  bool operator==(const OutputPlace&) const = default;
};

/// The places that readers of commands were given as cursors: small numbers, of which 0 is the
/// start. Rows are told apart by `command`, the id of the command's own row.
class Cursors {
 public:
  explicit Cursors(Registry& registry) : rows_(registry, "workspace_cursors") {}

  /// nullopt: no poll returned it.
  std::optional<OutputPlace> find(const std::string& command, std::uint64_t cursor) const;
  /// The same place has the same cursor.
  std::uint64_t cursor_of(const std::string& command, const OutputPlace& place);
  /// All of a command, or of all commands whose rows are below `prefix`.
  void forget(const std::string& prefix) { rows_.erase_below(prefix + "/"); }

 private:
  struct Row {
    std::uint64_t cursor = 0;
    std::uint64_t stdout_offset = 0;
    std::uint64_t stderr_offset = 0;

    template <class Fields>
    static void describe(Fields& f) {
      f("cursor", &Row::cursor, "The cursor.");
      f("stdout_offset", &Row::stdout_offset, "Bytes of stdout before it.");
      f("stderr_offset", &Row::stderr_offset, "Bytes of stderr before it.");
    }
  };
  RecordTable<Row> rows_;
};

}  // namespace pyro::workspace
