#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "common/api/schema.h"

/// A request's fields as options of a command: `mem_mib` is `--mem-mib`.
namespace pyro::api {

/// `--mem-mib` of `mem_mib`
inline std::string option_name(const FieldInfo& info) {
  std::string name = "--" + std::string(info.name);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

namespace detail {

/// `ENVIRONMENT` of `environment`: what help shows for a positional or an option's value.
inline std::string value_name(std::string_view field) {
  std::string name(field);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return name;
}

/// `{auto,kvm,tcg}`: in help, and where completion finds the choices.
template <NamedEnum T>
std::string choices_type() {
  std::string choices = enum_choices<T>();
  std::erase(choices, ' ');
  return "{" + choices + "}";
}

}  // namespace detail

/// An option that takes one of `E`'s names and gives it to `set`; `info` is what it is called.
template <NamedEnum E, class Set>
CLI::Option* add_choice(CLI::App& command, const FieldInfo& info, const std::string& help,
                        const Set& set) {
  return command
      .add_option_function<std::string>(
          option_name(info),
          [info, set](const std::string& text) {
            const auto found = enum_from<E>(text);
            if (!found) throw CLI::ValidationError(unknown_choice<E>(info, text).message());
            set(*found);
          },
          help)
      ->type_name(detail::choices_type<E>());
}

namespace detail {

template <class T>
inline constexpr bool kHasNoOption = kIsList<T> || kIsMap<T>;
template <Message T>
inline constexpr bool kHasNoOption<std::optional<T>> = true;

template <class T>
void add_option(CLI::App& command, const FieldInfo& info, T& value) {
  const std::string help = described(info, value);
  if constexpr (kHasNoOption<T>) {
  } else if constexpr (std::same_as<T, bool>) {
    command.add_flag(option_name(info), value, help);
  } else if constexpr (NamedEnum<T>) {
    add_choice<T>(command, info, help, [&value](T chosen) { value = chosen; });
  } else if constexpr (std::same_as<T, std::optional<std::string>>) {
    // By a function: CLI11 takes an empty value of an optional for none.
    command
        .add_option_function<std::string>(
            info.positional ? value_name(info.name) : option_name(info),
            [&value](const std::string& text) { value = text; }, help)
        ->type_name(info.positional ? "" : "TEXT");
  } else {
    auto* option = command.add_option(info.positional ? value_name(info.name) : option_name(info),
                                      value, help);
    option->type_name(Integer<T> ? "N" : std::floating_point<T> ? "NUMBER" : "TEXT");
    if (info.positional) option->type_name("");
    if (info.required) option->required();
  }
}

}  // namespace detail

/// Adds an option for each field of `request` that has one (hidden fields, lists and nested
/// messages have none: a command adds those by hand). The values land in `request`.
template <Message T>
void add_options(CLI::App& command, T& request, std::initializer_list<std::string_view> skip = {}) {
  for_each_field<T>([&](const FieldInfo& info, auto member) {
    if (info.hidden || std::find(skip.begin(), skip.end(), info.name) != skip.end()) return;
    detail::add_option(command, info, request.*member);
  });
}

}  // namespace pyro::api
