#pragma once

#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <string_view>

#include "common/api/workspace_files.h"
#include "common/command_line/usage_error.h"
#include "gateway/cli/commands/workspace/files/file_text.h"
#include "gateway/cli/request_options.h"
#include "gateway/cli/session.h"

namespace pyro::cli {

template <api::Operation Op>
struct ReadOptions {
  Op request{};
  bool content_only = false;
  std::string_view copy;  ///< the command that copies any file out
};

template <api::Operation Op>
int read_file(Session& session, const ReadOptions<Op>& options) {
  if (session.json && options.content_only) {
    throw UsageError("--json and --content-only exclude each other");
  }
  if (options.request.as_base64 && options.content_only) {
    throw UsageError("--as-base64 and --content-only exclude each other");
  }
  Op request = options.request;
  request.as_base64 = request.as_base64 || options.content_only;
  const auto content = session.call(request);
  print_reply<api::FileContent>(session, content, [&options](const api::FileContent& reply) {
    return options.content_only ? file_bytes(reply) : file_text(reply);
  });
  const bool part = content.truncated || !options.content_only;
  if (!session.json && part) fmt::print(stderr, "{}", file_read_note(content, options.copy));
  return 0;
}

/// Makes `command` read a part of a file by `Op`; `copy` is the command that copies any file out.
template <api::Operation Op>
void add_read_call(CliCommand& command, Session& session, std::string_view copy) {
  auto options = std::make_shared<ReadOptions<Op>>();
  options->copy = copy;
  add_request_options(command, options->request);
  command.add_flag("--content-only", "Print the content byte for byte", options->content_only);
  add_json_flag(command, session);
  command.action = [&session, options] { return read_file(session, *options); };
}

}  // namespace pyro::cli
