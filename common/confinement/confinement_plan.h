#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/field.h"

namespace pyro {

/// How a program is shut in. Each form but kOff has a system call filter, no capabilities and
/// no_new_privs.
enum class ConfinementForm {
  kOff,
  kSeccomp,     ///< no more than that
  kLandlock,    ///< and Landlock rules: it opens only its files
  kNamespaces,  ///< and namespaces of its own: it sees only its files, no process, no network
  kFull,        ///< namespaces and Landlock
};
constexpr std::array<std::pair<ConfinementForm, std::string_view>, 5> enum_names(ConfinementForm) {
  return {{{ConfinementForm::kOff, "off"},
           {ConfinementForm::kSeccomp, "seccomp"},
           {ConfinementForm::kLandlock, "landlock"},
           {ConfinementForm::kNamespaces, "namespaces"},
           {ConfinementForm::kFull, "full"}}};
}
constexpr bool has_namespaces(ConfinementForm form) {
  return form == ConfinementForm::kNamespaces || form == ConfinementForm::kFull;
}
constexpr bool has_landlock(ConfinementForm form) {
  return form == ConfinementForm::kLandlock || form == ConfinementForm::kFull;
}

/// The form of a program's confinement, and all files that it opens, by absolute path.
struct ConfinementPlan {
  ConfinementForm form = ConfinementForm::kOff;
  std::vector<std::string> programs{};
  std::vector<std::string> readable{};
  std::vector<std::string> writable{};
  std::vector<std::string> devices{};
  std::vector<std::string> owned{};
  bool network = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("form", &ConfinementPlan::form, "off, seccomp, landlock, namespaces or full.");
    f("programs", &ConfinementPlan::programs,
      "Program, libraries and firmware: files and directories to read and to map as code.");
    f("readable", &ConfinementPlan::readable, "Files to read.");
    f("writable", &ConfinementPlan::writable, "Files to read and write; made if missing.");
    f("devices", &ConfinementPlan::devices, "Devices to read, write and control.");
    f("owned", &ConfinementPlan::owned,
      "Directories whose files it lists, makes, replaces and removes; in forms without "
      "namespaces.");
    f("network", &ConfinementPlan::network, "Whether it speaks TCP; in forms without namespaces.");
  }
};

/// The word of the shim's command line by which it prints a ConfinementTrial.
inline constexpr std::string_view kTryConfinementWord = "--try-confinement";

/// The strongest form that works on this host, and why no stronger one does.
struct ConfinementTrial {
  ConfinementForm form = ConfinementForm::kOff;
  std::string reason{};

  template <class Fields>
  static void describe(Fields& f) {
    f("form", &ConfinementTrial::form, "The form.", api::kRequired);
    f("reason", &ConfinementTrial::reason, "Why it is not full.");
  }
};

}  // namespace pyro
