#include "gateway/cli/request_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

#include "common/api/schema.h"
#include "common/api/validate.h"
#include "common/base/text.h"
#include "common/command_line/usage_error.h"

namespace pyro::cli {
namespace {

using api::Kind;

/// `--mem-mib` of `mem_mib`
std::string option_name(const api::FieldInfo& info) {
  std::string name = "--" + std::string(info.name);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

/// `ENVIRONMENT` of `environment`
std::string positional_name(const api::FieldInfo& info) {
  std::string name(info.name);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return name;
}

std::string value_name(Kind kind) {
  if (kind == Kind::kEnum) return "";  // its choices say it
  if (kind == Kind::kInteger) return "N";
  return kind == Kind::kNumber ? "NUMBER" : "TEXT";
}

[[noreturn]] void refuse(const std::string& option, const std::string& text,
                         std::string_view expected) {
  throw UsageError(fmt::format("invalid value '{}' for {}: expected {}",
                               one_line(text, api::kShownValue), option, expected));
}

/// Parses all of `text` as a number.
double number_of(const std::string& option, const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size()) refuse(option, text, "a number");
  return number;
}

void store_integer(const api::Field& field, const api::ValueType& type, const std::string& option,
                   const std::string& text, void* value) {
  const bool negative = text.starts_with('-');
  const std::string digits = text.substr(negative ? 1 : 0);
  char* end = nullptr;
  errno = 0;
  const unsigned long long magnitude = std::strtoull(digits.c_str(), &end, 0);
  const bool whole = !digits.empty() && digits[0] >= '0' && digits[0] <= '9' &&
                     end == digits.c_str() + digits.size();
  if (!whole) {
    number_of(option, text);  // refuses text that is no number at all
    refuse(option, text, "a whole number");
  }
  const api::AnyInteger number{negative && magnitude != 0, magnitude};
  if (errno == ERANGE) throw api::out_of_range(field.info, type, number_of(option, text));
  if (!api::store_integer(type, value, number)) {
    throw api::out_of_range(field.info, type, number);
  }
}

/// Stores an option's text as the field's value.
void store(const api::Field& field, const std::string& option, const std::string& text,
           void* request) {
  void* value = field.in(request);
  const api::ValueType* type = field.type;
  if (type->kind == Kind::kOptional) {
    value = type->emplace(value);
    type = type->element;
  }
  switch (type->kind) {
    case Kind::kInteger:
      return store_integer(field, *type, option, text, value);
    case Kind::kNumber:
      api::number_at(value) = number_of(option, text);
      return;
    case Kind::kEnum:
      api::store_enum(*type, value, text);  // parse() allows only its names
      return;
    default:
      api::text_at(value) = text;
  }
}

void add_option(CliCommand& command, const api::Field& field, void* request) {
  const bool optional = field.type->kind == Kind::kOptional;
  const api::ValueType& type = optional ? *field.type->element : *field.type;
  const std::string help = api::described(field, request);
  const api::FieldInfo& info = field.info;
  Option option{.name = info.positional ? positional_name(info) : option_name(info),
                .help = help,
                .value_name = info.positional ? "" : value_name(type.kind),
                .required = info.required};
  switch (type.kind) {
    case Kind::kList:
    case Kind::kMap:
    case Kind::kMessage:
    case Kind::kBytes:
      return;
    case Kind::kBool:
      if (optional) {
        command.add_choice_flags(option.name.substr(2), help,
                                 *static_cast<std::optional<bool>*>(field.in(request)));
        return;
      }
      command.add_flag(option.name, help, api::bool_at(field.in(request)));
      return;
    case Kind::kEnum:
      for (const auto& [number, name] : type.names) option.choices.emplace_back(name);
      break;
    default:
      break;
  }
  if (option.name == "WORKSPACE_ID") option.needed = "a workspace id; see pyro workspace list";
  const std::string name = option.name;
  command.add(std::move(option), [&field, name, request](const std::string& text) {
    store(field, name, text, request);
  });
}

}  // namespace

void add_request_options(CliCommand& command, const api::MessageType& type, void* request,
                         std::initializer_list<std::string_view> skip) {
  for (const auto& field : type.fields) {
    const bool skipped = std::find(skip.begin(), skip.end(), field.info.name) != skip.end();
    if (!field.info.hidden && !skipped) add_option(command, field, request);
  }
}

}  // namespace pyro::cli
