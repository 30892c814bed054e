#pragma once

#include <cstdint>
#include <string>

#include "common/api/field.h"
#include "common/network/gate_protocol.h"
#include "common/network/policy.h"

/// What the vm service asks of a machine's shim, which holds the monitor of its VMM: one request
/// and its answer on each connection to the machine's control socket, as frames of `common/link`.
namespace pyro::vm::control {

inline constexpr const char* kLimitText = "How long it may take, in milliseconds.";

/// Stops the guest's processors and writes the state of its devices to a new file. The guest is
/// unusable afterwards.
struct Save {
  static constexpr api::Method kMethod{"shim.save", api::Idempotent::kNo};
  using Reply = api::Nothing;
  std::uint64_t limit_ms = 0;
  std::string file;

  template <class Fields>
  static void describe(Fields& f) {
    f("limit_ms", &Save::limit_ms, kLimitText, api::kRequired);
    f("file", &Save::file, "The file to make.", api::kRequired);
  }
};

/// Restores the state that the VMM was given at its start, and lets the guest go on.
struct Load {
  static constexpr api::Method kMethod{"shim.load", api::Idempotent::kNo};
  using Reply = api::Nothing;
  std::uint64_t limit_ms = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("limit_ms", &Load::limit_ms, kLimitText, api::kRequired);
  }
};

/// Stops the guest's processors.
struct Pause {
  static constexpr api::Method kMethod{"shim.pause", api::Idempotent::kYes};
  using Reply = api::Nothing;
  std::uint64_t limit_ms = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("limit_ms", &Pause::limit_ms, kLimitText, api::kRequired);
  }
};

/// Lets a paused guest go on.
struct Resume {
  static constexpr api::Method kMethod{"shim.resume", api::Idempotent::kYes};
  using Reply = api::Nothing;
  std::uint64_t limit_ms = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("limit_ms", &Resume::limit_ms, kLimitText, api::kRequired);
  }
};

/// The network that a machine has.
struct Network {
  std::string digest;
  bool attached = false;
  bool ipv6 = false;
  network::ConnectAnswer connect_answer = network::ConnectAnswer::kHonest;
  std::string reason;
  std::string message;

  template <class Fields>
  static void describe(Fields& f) {
    f("digest", &Network::digest, "Of the policy that it is to have.");
    f("attached", &Network::attached, "Whether a gate with that policy is at work for it.");
    f("ipv6", &Network::ipv6, "Whether the guest may have an IPv6 address.");
    f("connect_answer", &Network::connect_answer, "How the gate answers a guest's connect().");
    f("reason", &Network::reason, "Of the gate that did not start or has ended.");
    f("message", &Network::message, "The same as a sentence.");
  }
};

/// Starts the gate of a policy, or orders it of one that was started before; off ends that. Returns
/// before it is ready, unless told to wait: a guest boots meanwhile. Attaches nothing.
struct PrepareNetwork {
  static constexpr api::Method kMethod{"shim.prepare_network", api::Idempotent::kYes};
  using Reply = api::Nothing;
  std::uint64_t limit_ms = 0;
  network::Policy policy;
  std::string directory;
  std::string package_cache;
  bool wait = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("limit_ms", &PrepareNetwork::limit_ms, kLimitText, api::kRequired);
    f("policy", &PrepareNetwork::policy, "What the guest may reach.", api::kRequired);
    f("directory", &PrepareNetwork::directory, "Where the gate writes its log.");
    f("package_cache", &PrepareNetwork::package_cache, "The socket of the host's package cache.");
    f("wait", &PrepareNetwork::wait,
      "Answer once the gate has started: from then on its directory may be moved.");
  }
};

/// Gives the machine the network of a policy in place of the one that it has. With `off` nothing is
/// attached, no gate is there, and the guest's card has no carrier. A gate that ends is replaced.
/// An Error of a gate's reason: it does not start, and the machine has no network; or it refuses
/// the policy, and the one before stays.
struct SetNetwork {
  static constexpr api::Method kMethod{"shim.set_network", api::Idempotent::kYes};
  using Reply = Network;
  std::uint64_t limit_ms = 0;
  network::Policy policy;
  std::string directory;
  std::string package_cache;

  template <class Fields>
  static void describe(Fields& f) {
    f("limit_ms", &SetNetwork::limit_ms, kLimitText, api::kRequired);
    f("policy", &SetNetwork::policy, "What the guest may reach.", api::kRequired);
    f("directory", &SetNetwork::directory, "Where the gate writes its log; unused for off.");
    f("package_cache", &SetNetwork::package_cache, "The socket of the host's package cache.");
  }
};

struct DescribeNetwork {
  static constexpr api::Method kMethod{"shim.network", api::Idempotent::kYes};
  using Reply = Network;
  std::uint64_t limit_ms = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("limit_ms", &DescribeNetwork::limit_ms, kLimitText, api::kRequired);
  }
};

using ControlApi = api::Api<Save, Load, Pause, Resume, PrepareNetwork, SetNetwork, DescribeNetwork>;

}  // namespace pyro::vm::control
