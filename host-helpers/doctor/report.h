#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/api/adoption.h"
#include "common/api/environment.h"
#include "common/api/field.h"
#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/api/stack.h"

/// The report of `pyro doctor`.
namespace pyro::doctor {

struct Kvm {
  bool exists = false;
  bool readable = false;
  bool writable = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("exists", &Kvm::exists, "Whether /dev/kvm is there.");
    f("readable", &Kvm::readable, "Whether we may read it.");
    f("writable", &Kvm::writable, "Whether we may write it.");
  }
};

struct Networking {
  bool user_namespaces = false;
  std::optional<std::string> user_namespaces_reason;
  bool available = false;
  std::optional<std::string> reason;
  std::optional<std::string> message;
  bool honest_connect = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("user_namespaces", &Networking::user_namespaces,
      "Whether an unprivileged user and network namespace can be made.");
    f("user_namespaces_reason", &Networking::user_namespaces_reason, "Why it cannot.");
    f("available", &Networking::available,
      "Whether machines can be given a network: a namespace with a tap and rules was made.");
    f("reason", &Networking::reason, "Why not, by name.");
    f("message", &Networking::message, "The same as a sentence, with the way out.");
    f("honest_connect", &Networking::honest_connect,
      "Whether a guest's connect() fails as it would outside, or after it seemed to succeed.");
  }
};

struct PackageCacheState {
  bool available = false;
  std::optional<std::string> message;
  std::string directory;
  std::uint64_t size_bytes = 0;
  std::uint64_t most_bytes = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("available", &PackageCacheState::available, "Whether this host has what it needs: nginx.");
    f("message", &PackageCacheState::message,
      "Why not, with the way out; else what it serves not, or its last complaint.");
    f("directory", &PackageCacheState::directory, "Where its files are.");
    f("size_bytes", &PackageCacheState::size_bytes, "What they take.");
    f("most_bytes", &PackageCacheState::most_bytes, "What they may take.");
  }
};

struct Packages {
  std::vector<std::string> missing;
  std::optional<std::string> install_command;

  template <class Fields>
  static void describe(Fields& f) {
    f("missing", &Packages::missing, "Debian packages that are not installed.");
    f("install_command", &Packages::install_command, "The command that installs them.");
  }
};

struct EnvironmentCache {
  std::string directory;
  std::uint64_t size_bytes = 0;
  std::vector<api::Environment> environments;

  template <class Fields>
  static void describe(Fields& f) {
    f("directory", &EnvironmentCache::directory, "Where environments are kept.");
    f("size_bytes", &EnvironmentCache::size_bytes, "Bytes on disk of those that are installed.");
    f("environments", &EnvironmentCache::environments, "The catalog.");
  }
};

/// The project that a server started here gives its workspaces.
struct ProjectSource {
  std::optional<std::string> kind;
  std::optional<std::string> ref;
  std::string sentence;
  std::optional<std::string> error;
  std::optional<std::string> fix;

  template <class Fields>
  static void describe(Fields& f) {
    f("kind", &ProjectSource::kind, "project_path or repo_url; null: there is none.");
    f("ref", &ProjectSource::ref, "The path, or the URL without credentials.");
    f("sentence", &ProjectSource::sentence, "A workspace's first content.");
    f("error", &ProjectSource::error, "Why it cannot be used.");
    f("fix", &ProjectSource::fix, "The way to fix it.");
  }
};

/// What the registry lost or cannot read.
struct Recovery {
  std::vector<std::string> adopted;
  std::vector<std::string> adoptable;
  std::vector<api::StrayDirectory> strays;
  std::vector<api::UnreadableRow> unreadable;
  std::vector<std::string> damaged_copies;

  template <class Fields>
  static void describe(Fields& f) {
    f("adopted", &Recovery::adopted, "Workspaces that --repair has just brought back.");
    f("adoptable", &Recovery::adoptable, "Workspaces that --repair brings back.");
    f("strays", &Recovery::strays, "Other directories that no record names; they are left alone.");
    f("unreadable", &Recovery::unreadable, "Rows of the registry that cannot be read.");
    f("damaged_copies", &Recovery::damaged_copies,
      "Damaged registries that a start of the stack has recovered and set aside.");
  }
};

struct Issue {
  std::string problem;
  std::string fix;

  template <class Fields>
  static void describe(Fields& f) {
    f("problem", &Issue::problem, "The problem.");
    f("fix", &Issue::fix, "The way to fix it.");
  }
};

struct Report {
  std::string platform;
  std::string environment;
  bool runtime_ok = false;
  std::optional<std::string> runtime_reason;
  Kvm kvm;
  std::optional<std::string> accelerator;
  std::optional<std::string> accelerator_reason;
  std::map<std::string, std::string> versions;
  std::optional<api::HostCapabilities> capabilities;
  Networking networking;
  PackageCacheState package_cache;
  Packages packages;
  api::Stack stack;
  bool other_version = false;
  EnvironmentCache environment_cache;
  api::DailyLoop daily_loop;
  ProjectSource project_source;
  Recovery recovery;
  std::vector<Issue> issues;

  template <class Fields>
  static void describe(Fields& f) {
    f("platform", &Report::platform, "The platform that was asked about.");
    f("environment", &Report::environment, "The environment that was asked about.");
    f("runtime_ok", &Report::runtime_ok, "Whether guests can be run.");
    f("runtime_reason", &Report::runtime_reason, "Why they cannot.");
    f("kvm", &Report::kvm, "The host's /dev/kvm.");
    f("accelerator", &Report::accelerator, "kvm or tcg, as guests are run.");
    f("accelerator_reason", &Report::accelerator_reason, "Why that one.");
    f("versions", &Report::versions, "Versions of the suite and what it runs on.");
    f("capabilities", &Report::capabilities, "The abilities of this host, from the vm service.");
    f("networking", &Report::networking, "The needs of networked machines.");
    f("package_cache", &Report::package_cache, "Of what guests install.");
    f("packages", &Report::packages, "Debian packages that the suite needs.");
    f("stack", &Report::stack, "The supervised services.");
    f("other_version", &Report::other_version,
      "The services that run are of another version, and were asked nothing.");
    f("environment_cache", &Report::environment_cache, "The environments on this host.");
    f("daily_loop", &Report::daily_loop, "Whether its machines start warm.");
    f("project_source", &Report::project_source,
      "The project that a server started in this directory gives its workspaces.");
    f("recovery", &Report::recovery, "What a lost registry left in the state directory.");
    f("issues", &Report::issues, "Problems, each with the way to fix it.");
  }
};

}  // namespace pyro::doctor
