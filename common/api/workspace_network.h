#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/api/network.h"
#include "common/api/page.h"
#include "common/api/workspace.h"

/// The network of a workspace: its policy, what it denied and what it learnt. Owner: workspace
/// service.
namespace pyro::api {

/// A named list of names, from network-presets.toml.
struct NetworkPreset {
  std::string name;
  std::string description;
  std::vector<std::string> allow;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &NetworkPreset::name, "Its name.");
    f("description", &NetworkPreset::description, "What it is for.");
    f("allow", &NetworkPreset::allow, "What it allows.", kRequired, max_length(kMostAllowEntries));
  }
};

struct WorkspaceNetwork : WorkspaceReply {
  NetworkPolicy network_policy = NetworkPolicy::kOff;
  std::vector<std::string> allow_domains;
  std::vector<std::string> allow_presets;
  std::vector<NetworkPreset> presets;
  std::vector<std::string> allow;
  bool learn = false;
  bool host_ca = false;
  std::vector<std::string> cached_packages;
  std::optional<std::string> package_cache_reason;
  bool connected = false;
  std::optional<std::string> reason;
  std::optional<std::string> guest_ip;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("network_policy", &WorkspaceNetwork::network_policy, kNetworkPolicy);
    f("allow_domains", &WorkspaceNetwork::allow_domains, "The names given one by one.");
    f("allow_presets", &WorkspaceNetwork::allow_presets, "The presets given.");
    f("presets", &WorkspaceNetwork::presets, "What these mean now.");
    f("allow", &WorkspaceNetwork::allow,
      "All that may be reached, as it applies: presets as they were when they were given. Empty "
      "with a network: the public internet.");
    f("learn", &WorkspaceNetwork::learn, "Whether it records the names that are used.");
    f("host_ca", &WorkspaceNetwork::host_ca, "Whether its guest trusts this host's certificates.");
    f("cached_packages", &WorkspaceNetwork::cached_packages,
      "Whose packages come from the host's cache: npm, pypi, debian, crates, go.");
    f("package_cache_reason", &WorkspaceNetwork::package_cache_reason, "Why none do.",
      kAbsentWhenNull);
    f("connected", &WorkspaceNetwork::connected, "Whether it has this network just now.");
    f("reason", &WorkspaceNetwork::reason, "Why not.", kAbsentWhenNull);
    f("guest_ip", &WorkspaceNetwork::guest_ip, "Its address.", kAbsentWhenNull);
  }
};

struct ShowNetwork {
  static constexpr Method kMethod{"workspace.network_show", Idempotent::kYes};
  using Reply = WorkspaceNetwork;
  std::string workspace_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ShowNetwork>(f);
  }
};

/// Changes a workspace's policy, also of a running one: at once, and for open connections too.
struct UpdateNetwork {
  static constexpr Method kMethod{"workspace.network_update", Idempotent::kYes};
  using Reply = WorkspaceNetwork;
  std::string workspace_id;
  std::optional<NetworkPolicy> network_policy;
  std::vector<std::string> allow_domains;
  std::vector<std::string> remove_domains;
  std::vector<std::string> allow_presets;
  std::vector<std::string> remove_presets;
  std::optional<bool> learn;
  std::optional<bool> host_ca;
  std::optional<bool> package_cache;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<UpdateNetwork>(f);
    f("network_policy", &UpdateNetwork::network_policy, kNetworkPolicy);
    describe_allowed<UpdateNetwork>(f);
    f("remove_domains", &UpdateNetwork::remove_domains, "Names that it may reach no more.",
      max_length(kMostAllowEntries));
    f("remove_presets", &UpdateNetwork::remove_presets, "Presets to take away.", max_length(64));
    f("learn", &UpdateNetwork::learn, "Whether to record the names and ports that are used.");
    f("host_ca", &UpdateNetwork::host_ca, kHostCa, kHidden);
    f("package_cache", &UpdateNetwork::package_cache, kPackageCache);
  }
};

/// What began a connection, as its guest tells: one of them, or none where that is not known.
struct ConnectionMaker {
  std::optional<std::uint64_t> sequence;
  std::optional<std::string> service_name;
  std::optional<std::string> shell_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("sequence", &ConnectionMaker::sequence, "The command, by its number in the workspace's logs.",
      kAbsentWhenNull);
    f("service_name", &ConnectionMaker::service_name, "The service.", kAbsentWhenNull);
    f("shell_id", &ConnectionMaker::shell_id, "The shell.", kAbsentWhenNull);
  }
};

struct NetworkLogEntry : ConnectionMaker {
  std::uint64_t number = 0;
  double time = 0;
  std::string verdict;
  std::string protocol;
  std::string name;
  std::string address;
  std::uint32_t port = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint64_t milliseconds = 0;
  std::string reason;
  std::string path;
  std::uint64_t count = 1;

  template <class Fields>
  static void describe(Fields& f) {
    f("number", &NetworkLogEntry::number, "Of the line, from 1.");
    f("time", &NetworkLogEntry::time, "Seconds since the epoch.");
    f("verdict", &NetworkLogEntry::verdict,
      "opened, closed, failed, denied or fetched (a request to the package cache).");
    f("protocol", &NetworkLogEntry::protocol, "tcp, udp or dns.");
    f("name", &NetworkLogEntry::name, "The host's name, where it is known.");
    f("address", &NetworkLogEntry::address, "Its address.");
    f("port", &NetworkLogEntry::port, "Its port.");
    f("bytes_up", &NetworkLogEntry::bytes_up, "From the guest.");
    f("bytes_down", &NetworkLogEntry::bytes_down, "To the guest.");
    f("milliseconds", &NetworkLogEntry::milliseconds, "From its first packet to this line.");
    f("reason", &NetworkLogEntry::reason, "Why it was denied, failed or closed.");
    f("path", &NetworkLogEntry::path, "What was fetched.");
    f("count", &NetworkLogEntry::count, "So many of one kind in a second.");
    ConnectionMaker::describe(f);
  }
};

struct NetworkLog : WorkspaceReply {
  std::uint64_t last = 0;
  std::vector<NetworkLogEntry> entries;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("last", &NetworkLog::last, "The number of the last line, to go on after it.");
    f("entries", &NetworkLog::entries, "Oldest first.");
  }
};

/// The last connections of a workspace since its last reset, or those after a line.
struct ReadNetworkLog {
  static constexpr Method kMethod{"workspace.network_log", Idempotent::kYes};
  using Reply = NetworkLog;
  std::string workspace_id;
  bool denied = false;
  std::uint64_t after = 0;
  std::uint32_t count = 100;
  std::uint32_t wait_seconds = 0;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ReadNetworkLog>(f);
    f("denied", &ReadNetworkLog::denied, "Only what was denied.");
    f("after", &ReadNetworkLog::after, "Only lines after this number: `last` of an answer.");
    f("count", &ReadNetworkLog::count, "At most so many, the last ones.", range(1, 1000));
    f("wait_seconds", &ReadNetworkLog::wait_seconds, "How long to wait for a first line.",
      range(0, 40), kHidden);
  }
};

struct LearnedNetworkName {
  std::string name;
  std::uint32_t port = 0;
  std::uint64_t count = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &LearnedNetworkName::name, "The host's name.");
    f("port", &LearnedNetworkName::port, "Its port.");
    f("count", &LearnedNetworkName::count, "Connections.");
  }
};

struct LearnedNetwork : WorkspaceReply {
  bool learn = false;
  std::vector<LearnedNetworkName> names;
  std::vector<std::string> allow_domains;
  bool truncated = false;

  template <class Fields>
  static void describe(Fields& f) {
    WorkspaceReply::describe(f);
    f("learn", &LearnedNetwork::learn, "Whether it records.");
    f("names", &LearnedNetwork::names, "What was reached since the last reset.");
    f("allow_domains", &LearnedNetwork::allow_domains, "The entries that allow just that.");
    f("truncated", &LearnedNetwork::truncated, "There was more than the record holds.");
  }
};

/// What a workspace with `learn` has reached.
struct ReadLearnedNetwork {
  static constexpr Method kMethod{"workspace.network_learned", Idempotent::kYes};
  using Reply = LearnedNetwork;
  std::string workspace_id;

  template <class Fields>
  static void describe(Fields& f) {
    describe_workspace_id<ReadLearnedNetwork>(f);
  }
};

using WorkspaceNetworkApi = Api<ShowNetwork, UpdateNetwork, ReadNetworkLog, ReadLearnedNetwork>;

}  // namespace pyro::api
