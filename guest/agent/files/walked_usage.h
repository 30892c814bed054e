#pragma once

#include "common/tree/walk.h"
#include "guest/agent/files/volume.h"

namespace pyro::agent::files {

/// Counts below a directory name by name.
inline api::agent::VolumeUsage walked_usage(int directory, tree::WalkOptions options = {}) {
  struct Nowhere : tree::Sink {
    void entry(const tree::Entry&) override {}
    void data(std::string_view) override {}
    void end_file() override {}
  } nowhere;
  options.content = tree::Content::kWithout;
  const tree::Totals totals = tree::walk(directory, "", options, nowhere);
  return {.entry_count = totals.entries, .bytes = totals.bytes};
}

}  // namespace pyro::agent::files
