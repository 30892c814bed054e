#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/api/workspace.h"
#include "common/config/paths.h"
#include "common/secrets/known_secrets.h"
#include "common/secrets/secret_file.h"
#include "common/work/work.h"
#include "services/workspace/part.h"
#include "services/workspace/workspace_record.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// The secrets of workspaces: their values are in a file in the workspace's directory and in its
/// guest, and nothing else shows them. Given once, with the workspace. Thread-safe.
class Secrets final : public Part {
 public:
  Secrets(const Paths& paths, Workspaces& workspaces);

  /// What a caller gives, checked, and files read. invalid_argument (secret_refused): a name or a
  /// value that no secret can have; not_found: there is no such file.
  /// A model's path is followed through no symbolic link. Those with hosts get their placeholders,
  /// and all together an authority for the hosts.
  static SecretFile taken(const std::vector<api::GivenSecret>& given);
  /// invalid_argument: name or labels of a workspace show a value.
  static void check_shown(const Redactor& redactor, const api::WorkspaceNames& names);

  /// Keeps them with a workspace whose directory is there, before its record.
  void keep(const std::string& workspace_id, const SecretFile& secrets) const;
  /// Says in a new record to which hosts they go. failed_precondition (secret_needs_network): to
  /// some, and the workspace has no network.
  void describe(WorkspaceRecord& record, const SecretFile& secrets) const;
  /// Gives them to the machine that is to run the workspace; nothing for none.
  void install(const WorkspaceRecord& record, const api::Machine& machine, const Work& work);
  /// The machine starts anew, or is gone.
  void uninstalled(const std::string& vm_id);

  /// The variables of a program that starts in the workspace. Its guest has the secrets by then,
  /// also when a former process was killed before it gave them.
  /// not_found (secret_missing): the workspace has no such secret.
  std::map<std::string, std::string> environment(
      const WorkspaceRecord& record, const api::Machine& machine,
      const std::map<std::string, std::string>& secret_env, const Work& work);

  /// The same of a program that runs already.
  std::map<std::string, std::string> variables(
      const WorkspaceRecord& record, const std::map<std::string, std::string>& secret_env) const;

  /// Null: the workspace has none. failed_precondition (secrets_lost): their file is.
  std::shared_ptr<const Redactor> redactor(const WorkspaceRecord& record);
  std::vector<std::shared_ptr<const Redactor>> redactors_of(const std::string& workspace_id);
  std::vector<std::shared_ptr<const Redactor>> all_redactors() const { return known_.all(); }
  /// The same as a file for the files service.
  std::optional<std::string> file_of(const WorkspaceRecord& record) const;

  /// Wipes the file.
  void forget(const std::string& workspace_id) override;
  /// The same where nothing can be done about a failure.
  void forget_if_possible(const std::string& workspace_id) noexcept;

 private:
  std::filesystem::path file(const std::string& workspace_id) const;

  Paths paths_;
  Workspaces& workspaces_;
  KnownSecrets known_;
  std::mutex mutex_;
  std::set<std::string> installed_;  ///< ids of machines
};

}  // namespace pyro::workspace
