#pragma once

#include "common/api/artifact.h"
#include "common/tree/tree.h"

namespace pyro::files {

/// The type that callers see.
inline api::ArtifactType artifact_type(tree::EntryKind kind) {
  switch (kind) {
    case tree::EntryKind::kFile:
      return api::ArtifactType::kFile;
    case tree::EntryKind::kDirectory:
      return api::ArtifactType::kDirectory;
    case tree::EntryKind::kSymlink:
      return api::ArtifactType::kSymlink;
    case tree::EntryKind::kOther:
    case tree::EntryKind::kAbsent:
      break;
  }
  return api::ArtifactType::kOther;
}

inline api::CopiedTree copied(const tree::Totals& totals) {
  return {{.entry_count = totals.entries, .bytes_written = totals.bytes}, totals.skipped};
}

}  // namespace pyro::files
