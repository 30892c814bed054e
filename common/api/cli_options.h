#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>

#include "common/api/schema.h"

/// A request's fields as options of a command: `mem_mib` is `--mem-mib`.
namespace pyro::api {

/// `--mem-mib` of `mem_mib`
std::string option_name(const FieldInfo& info);

/// An option that takes one of the names in `choices`, as enum_choices tells them, and gives it to
/// `set`, which says whether it is one. `info` is what it is called.
CLI::Option* add_choice(CLI::App& command, const FieldInfo& info, const std::string& choices,
                        const std::string& help, const std::function<bool(std::string_view)>& set);
template <NamedEnum E, class Set>
CLI::Option* add_choice(CLI::App& command, const FieldInfo& info, const std::string& help,
                        const Set& set) {
  return add_choice(command, info, enum_choices<E>(), help, [set](std::string_view name) {
    const auto found = enum_from<E>(name);
    if (found) set(*found);
    return found.has_value();
  });
}

/// Adds an option for each field of `request` that has one (hidden fields, lists and nested
/// messages have none: a command adds those by hand). The values land in `request`.
void add_options(CLI::App& command, const MessageType& type, void* request,
                 std::initializer_list<std::string_view> skip);
template <Message T>
void add_options(CLI::App& command, T& request, std::initializer_list<std::string_view> skip = {}) {
  add_options(command, message_type<T>(), &request, skip);
}

}  // namespace pyro::api
