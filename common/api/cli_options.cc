#include "common/api/cli_options.h"

#include <algorithm>
#include <charconv>

namespace pyro::api {
namespace {

/// `ENVIRONMENT` of `environment`: what help shows for a positional or an option's value.
std::string value_name(std::string_view field) {
  std::string name(field);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return name;
}

/// Digits with a sign, and nothing else.
std::optional<AnyInteger> parse_integer(std::string_view text) {
  AnyInteger number{.negative = text.starts_with('-')};
  if (number.negative) text.remove_prefix(1);
  const auto* end = text.data() + text.size();
  const auto [parsed, failed] = std::from_chars(text.data(), end, number.magnitude);
  if (failed != std::errc() || parsed != end) return std::nullopt;
  return number;
}

std::optional<double> parse_number(const std::string& text) {
  char* parsed = nullptr;
  const double number = std::strtod(text.c_str(), &parsed);
  if (text.empty() || *parsed != '\0') return std::nullopt;
  return number;
}

bool parse_value(const ValueType& type, const std::string& text, void* value) {
  switch (type.kind) {
    case Kind::kOptional:
      return parse_value(*type.element, text, type.emplace(value));
    case Kind::kInteger: {
      const auto number = parse_integer(text);
      return number && store_integer(type, value, *number);
    }
    case Kind::kNumber: {
      const auto number = parse_number(text);
      if (number) number_at(value) = *number;
      return number.has_value();
    }
    default:
      text_at(value) = text;
      return true;
  }
}

const ValueType& without_optional(const ValueType& type) {
  return type.kind == Kind::kOptional ? *type.element : type;
}

void add_option(CLI::App& command, const Field& field, void* message) {
  const FieldInfo& info = field.info;
  const ValueType& type = without_optional(*field.type);
  const std::string help = described(field, message);
  void* value = field.in(message);
  if (type.kind == Kind::kList || type.kind == Kind::kMap || type.kind == Kind::kMessage) return;
  if (type.kind == Kind::kBool) {
    command.add_flag(option_name(info), *static_cast<bool*>(value), help);
    return;
  }
  if (type.kind == Kind::kEnum) {
    add_choice(command, info, enum_choices(type), help,
               [&type, value](std::string_view name) { return store_enum(type, value, name); });
    return;
  }
  const std::string name = info.positional ? value_name(info.name) : option_name(info);
  auto* option = command.add_option_function<std::string>(
      name,
      [whole = field.type, value, name](const std::string& text) {
        if (!parse_value(*whole, text, value)) throw CLI::ConversionError(name, std::vector<std::string>{text});
      },
      help);
  option->type_name(info.positional               ? ""
                    : type.kind == Kind::kInteger ? "N"
                    : type.kind == Kind::kNumber  ? "NUMBER"
                                                  : "TEXT");
  if (info.required) option->required();
}

}  // namespace

std::string option_name(const FieldInfo& info) {
  std::string name = "--" + std::string(info.name);
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

CLI::Option* add_choice(CLI::App& command, const FieldInfo& info, const std::string& choices,
                        const std::string& help, const std::function<bool(std::string_view)>& set) {
  std::string shown = choices;
  std::erase(shown, ' ');
  return command
      .add_option_function<std::string>(
          option_name(info),
          [info, choices, set](const std::string& text) {
            if (!set(text))
              throw CLI::ValidationError(unknown_choice(info, choices, text).message());
          },
          help)
      ->type_name("{" + shown + "}");
}

void add_options(CLI::App& command, const MessageType& type, void* request,
                 std::initializer_list<std::string_view> skip) {
  for (const auto& field : type.fields) {
    if (field.info.hidden || std::find(skip.begin(), skip.end(), field.info.name) != skip.end()) {
      continue;
    }
    add_option(command, field, request);
  }
}

}  // namespace pyro::api
