#pragma once

#include <fcntl.h>

#include <filesystem>
#include <string>

#include "common/api/json_codec.h"
#include "common/api/workspace_files.h"
#include "common/base/files.h"
#include "common/bus/call.h"

namespace pyro::test {

/// Stands in for a workspace service's nouns: notes each request as a line of JSON, with its
/// `method`, in `requests`, and answers with the JSON in `<method>.reply` or with an empty reply.
class TestWorkspaces {
 public:
  explicit TestWorkspaces(std::filesystem::path directory) : directory_(std::move(directory)) {}

  template <api::Operation Op>
  typename Op::Reply handle(const Op& request, bus::Call&) {
    auto json = api::to_json(request);
    const std::string method(Op::kMethod.name);
    json["method"] = method;
    if constexpr (requires { request.boot; }) json["boot"] = api::name_of(request.boot);
    const auto fd = open_file(directory_ / "requests", O_WRONLY | O_CREAT | O_APPEND);
    write_all(fd.get(), json.dump() + "\n");
    const auto reply = directory_ / (method + ".reply");
    if (!std::filesystem::exists(reply)) return {};
    return api::from_json_text<typename Op::Reply>(read_file(reply), api::UnknownFields::kIgnore,
                                                   method);
  }

 private:
  std::filesystem::path directory_;
};

}  // namespace pyro::test
