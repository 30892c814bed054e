#pragma once

#include <cstddef>
#include <string_view>

namespace pyro {

/// The name of one refusal that a caller may want to act on: `workspace_gone`. It accompanies the
/// code of an error, for programs. The list below is open: a newer peer may send other names.
/// docs/reasons.md gives the meaning of each and the next step.
class Reason {
 public:
  /// The longest reason, a peer's included.
  static constexpr std::size_t kMostBytes = 64;

  /// Compiles only for a name in snake_case.
  consteval explicit Reason(std::string_view name) : name_(name) {
    if (!is_name(name)) throw "a reason is a name in snake_case of at most kMostBytes";
  }

  constexpr std::string_view name() const { return name_; }
  constexpr operator std::string_view() const { return name_; }

 private:
  static constexpr bool is_name(std::string_view name) {
    if (name.empty() || name.size() > kMostBytes || name.back() == '_') return false;
    char before = '_';
    for (const char c : name) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (!letter && (c != '_' || before == '_')) return false;
      before = c;
    }
    return true;
  }

  std::string_view name_;
};

/// A refusal without a reason has the name of its code instead.
namespace reason {

// The stack and its services.
inline constexpr Reason kServiceAway{"service_away"};
inline constexpr Reason kServiceFailed{"service_failed"};
inline constexpr Reason kNeighbourAway{"neighbour_away"};
inline constexpr Reason kInterrupted{"interrupted"};
inline constexpr Reason kAnswerLost{"answer_lost"};
inline constexpr Reason kBusy{"busy"};
inline constexpr Reason kAlreadyRunning{"already_running"};
inline constexpr Reason kStackNotStarted{"stack_not_started"};
inline constexpr Reason kStackOtherState{"stack_other_state"};
inline constexpr Reason kVersionMismatch{"version_mismatch"};
inline constexpr Reason kUnsafeDirectory{"unsafe_directory"};
inline constexpr Reason kForeignDirectory{"foreign_directory"};
inline constexpr Reason kRegistryDamaged{"registry_damaged"};
inline constexpr Reason kRegistryNewer{"registry_newer"};
inline constexpr Reason kNotInstalled{"not_installed"};
inline constexpr Reason kDiskFull{"disk_full"};

// Machines.
inline constexpr Reason kMachineGone{"machine_gone"};
inline constexpr Reason kMachineExpired{"machine_expired"};
inline constexpr Reason kMachineLost{"machine_lost"};
inline constexpr Reason kAlreadyStarted{"already_started"};
inline constexpr Reason kNotStarted{"not_started"};
inline constexpr Reason kOvertaken{"overtaken"};
inline constexpr Reason kWorkspaceMachine{"workspace_machine"};
inline constexpr Reason kLimitReached{"limit_reached"};
inline constexpr Reason kNoGuest{"no_guest"};
inline constexpr Reason kHostNotAllowed{"host_not_allowed"};
inline constexpr Reason kNoNetwork{"no_network"};
inline constexpr Reason kGuestAway{"guest_away"};
inline constexpr Reason kGuestGone{"guest_gone"};
inline constexpr Reason kGuestSilent{"guest_silent"};
inline constexpr Reason kTemplatesOff{"templates_off"};
inline constexpr Reason kTemplateFailed{"template_failed"};

// Workspaces.
inline constexpr Reason kWorkspaceGone{"workspace_gone"};
inline constexpr Reason kWorkspaceExpired{"workspace_expired"};
inline constexpr Reason kWorkspaceFull{"workspace_full"};
inline constexpr Reason kSnapshotMissing{"snapshot_missing"};
inline constexpr Reason kVolumeLost{"volume_lost"};
inline constexpr Reason kJobMissing{"job_missing"};
inline constexpr Reason kTooManyCommands{"too_many_commands"};
inline constexpr Reason kCommandEnded{"command_ended"};
inline constexpr Reason kNotBegun{"not_begun"};
inline constexpr Reason kStillRunning{"still_running"};
inline constexpr Reason kNoShell{"no_shell"};

// Files.
inline constexpr Reason kPathMissing{"path_missing"};
inline constexpr Reason kHostPathMissing{"host_path_missing"};
inline constexpr Reason kHostPathRefused{"host_path_refused"};
inline constexpr Reason kWrongFileType{"wrong_file_type"};
inline constexpr Reason kOutsideWorkspace{"outside_workspace"};
inline constexpr Reason kExists{"exists"};
inline constexpr Reason kNotChanged{"not_changed"};
inline constexpr Reason kChangedMeanwhile{"changed_meanwhile"};
inline constexpr Reason kPatchMismatch{"patch_mismatch"};
inline constexpr Reason kPatchUnsupported{"patch_unsupported"};
inline constexpr Reason kTooLarge{"too_large"};

// Environments and sources.
inline constexpr Reason kEnvironmentUnknown{"environment_unknown"};
inline constexpr Reason kDownloadFailed{"download_failed"};
inline constexpr Reason kRefMissing{"ref_missing"};
inline constexpr Reason kRepositoryUnreadable{"repository_unreadable"};
inline constexpr Reason kRepositoryUntrusted{"repository_untrusted"};

}  // namespace reason
}  // namespace pyro
