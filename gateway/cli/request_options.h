#pragma once

#include <initializer_list>
#include <string_view>

#include "common/api/message_type.h"
#include "common/command_line/command.h"

/// A request's fields as options of a command: `mem_mib` is `--mem-mib`.
namespace pyro::cli {

void add_request_options(CliCommand& command, const api::MessageType& type, void* request,
                         std::initializer_list<std::string_view> skip);

/// Adds an option for each field of `request`, except hidden fields, lists and nested messages: a
/// command adds those by hand. The values go into `request`.
template <api::Message T>
void add_request_options(CliCommand& command, T& request,
                         std::initializer_list<std::string_view> skip = {}) {
  add_request_options(command, api::message_type<T>(), &request, skip);
}

}  // namespace pyro::cli
