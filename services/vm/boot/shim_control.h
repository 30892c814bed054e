#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/api/msgpack_codec.h"
#include "common/base/clock.h"
#include "common/work/work.h"
#include "services/vm/shim/control.h"

namespace pyro::vm {

/// Asks a machine's shim, which holds the monitor of its VMM, and which any process of this service
/// can ask.
class ShimControl {
 public:
  explicit ShimControl(std::filesystem::path socket) : socket_(std::move(socket)) {}

  /// Throws the shim's Error; kUnavailable: the shim or its VMM is gone; kDeadlineExceeded.
  template <api::Operation Op>
  typename Op::Reply call(Op request, const Work& work) const {
    request.limit_ms = static_cast<std::uint64_t>(remaining(work.deadline).count());
    return api::from_msgpack<typename Op::Reply>(
        exchange(Op::kMethod.name, api::to_msgpack(request), work), api::UnknownFields::kIgnore);
  }

 private:
  std::string exchange(std::string_view method, std::string body, const Work& work) const;

  std::filesystem::path socket_;
};

}  // namespace pyro::vm
