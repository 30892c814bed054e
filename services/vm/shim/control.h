#pragma once

#include <cstdint>
#include <string>

#include "common/api/field.h"

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

using ControlApi = api::Api<Save, Load, Pause, Resume>;

}  // namespace pyro::vm::control
