#pragma once

#include <fcntl.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "common/api/json_codec.h"
#include "common/api/workspace.h"
#include "common/base/files.h"
#include "common/bus/call.h"
#include "common/process/wait.h"

namespace pyro::test {

/// Stands in for a workspace service's nouns: notes each request as a line of JSON, with its
/// `method`, in `requests`, a patch in `patch`, and answers with the JSON in `<method>.reply` or
/// with an empty reply; never where there is a `<method>.hold`.
class TestWorkspaces {
 public:
  explicit TestWorkspaces(std::filesystem::path directory) : directory_(std::move(directory)) {}

  template <api::Operation Op>
  typename Op::Reply handle(const Op& request, bus::Call& call) {
    auto json = api::to_json(request);
    const std::string method(Op::kMethod.name);
    json["method"] = method;
    if constexpr (requires { request.boot; }) json["boot"] = api::name_of(request.boot);
    if constexpr (requires { request.patch_bytes; }) {
      write_file_atomically(directory_ / "patch", request.patch_bytes.data);
    }
    const auto fd = open_file(directory_ / "requests", O_WRONLY | O_CREAT | O_APPEND);
    write_all(fd.get(), json.dump() + "\n");
    if (std::filesystem::exists(directory_ / (method + ".hold"))) {
      wait_for(-1, 0, call.deadline(), StopFd(call.stop()));
      throw deadline_exceeded("{} was held for its caller's whole limit", method);
    }
    const auto reply = directory_ / (method + ".reply");
    if (!std::filesystem::exists(reply)) return {};
    return api::from_json_text<typename Op::Reply>(read_file(reply), api::UnknownFields::kIgnore,
                                                   method);
  }

 private:
  std::filesystem::path directory_;
};

}  // namespace pyro::test
