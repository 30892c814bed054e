#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/api/field.h"
#include "common/api/workspace_secrets.h"

namespace pyro {

/// A secret with its value, as it is kept on the host and nowhere else.
struct StoredSecret : api::WorkspaceSecret {
  api::Bytes value;

  template <class Fields>
  static void describe(Fields& f) {
    api::WorkspaceSecret::describe(f);
    f("value", &StoredSecret::value, "Its value.");
  }
};

/// The file of a workspace's secrets: 0600, in the workspace's directory.
void write_secret_file(const std::filesystem::path& path, const std::vector<StoredSecret>& secrets);
/// failed_precondition (secrets_lost): it is missing or damaged.
std::vector<StoredSecret> read_secret_file(const std::filesystem::path& path);
/// Overwrites and removes it; nothing for none. A copy-on-write file system may keep old blocks.
void wipe_secret_file(const std::filesystem::path& path);

std::vector<api::WorkspaceSecret> names_of(const std::vector<StoredSecret>& secrets);
std::vector<std::string> values_of(const std::vector<StoredSecret>& secrets);

}  // namespace pyro
