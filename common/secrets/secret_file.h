#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/api/field.h"
#include "common/api/workspace_secrets.h"
#include "common/certificates/authority.h"

namespace pyro {

/// A secret with its value, as it is kept on the host and nowhere else.
struct StoredSecret : api::WorkspaceSecret {
  api::Bytes value;
  std::string placeholder;

  template <class Fields>
  static void describe(Fields& f) {
    api::WorkspaceSecret::describe(f);
    f("value", &StoredSecret::value, "Its value.");
    f("placeholder", &StoredSecret::placeholder, "What its guest has, of one with hosts.");
  }

  /// As a variable or a header has it: what an editor adds at the end of a file belongs to no
  /// token.
  std::string text() const;
};

/// All that is secret of a workspace.
struct SecretFile {
  std::vector<StoredSecret> secrets;
  /// That its guest trusts for the hosts of secrets; empty: none has any.
  CertificateAuthority authority{};

  template <class Fields>
  static void describe(Fields& f) {
    f("secrets", &SecretFile::secrets, "All of a workspace.", api::kRequired);
    f("authority", &SecretFile::authority, "Of the hosts to which they go.");
  }

  /// Each once.
  std::vector<std::string> hosts() const;
};

/// The file of a workspace's secrets: 0600, in the workspace's directory.
void write_secret_file(const std::filesystem::path& path, const SecretFile& secrets);
/// failed_precondition (secrets_lost): it is missing or damaged.
SecretFile read_secret_file(const std::filesystem::path& path);
/// Overwrites and removes it; nothing for none. A copy-on-write file system may keep old blocks.
void wipe_secret_file(const std::filesystem::path& path);

std::vector<api::WorkspaceSecret> names_of(const std::vector<StoredSecret>& secrets);
std::vector<std::string> values_of(const std::vector<StoredSecret>& secrets);

}  // namespace pyro
