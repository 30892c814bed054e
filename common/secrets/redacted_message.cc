#include "common/secrets/redacted_message.h"

namespace pyro {
namespace {

void redact_value(const Redactor& redactor, const api::ValueType& type, void* value) {
  switch (type.kind) {
    case api::Kind::kText:
      api::text_at(value) = redactor.redact(api::text_at(value));
      break;
    case api::Kind::kBytes:
      api::bytes_at(value) = redactor.redact(api::bytes_at(value));
      break;
    case api::Kind::kMessage:
      redact_message(redactor, *type.message, value);
      break;
    case api::Kind::kOptional:
      // The containers are the message's own: their accessors are const for its readers alone.
      if (const void* there = type.get(value)) {
        redact_value(redactor, *type.element, const_cast<void*>(there));
      }
      break;
    case api::Kind::kList:
      for (std::size_t at = 0; at < type.size(value); ++at) {
        redact_value(redactor, *type.element, const_cast<void*>(type.at(value, at)));
      }
      break;
    case api::Kind::kMap:
      for (const auto& [key, there] : type.entries(value)) {
        redact_value(redactor, *type.element, const_cast<void*>(there));
      }
      break;
    case api::Kind::kBool:
    case api::Kind::kInteger:
    case api::Kind::kNumber:
    case api::Kind::kEnum:
      break;
  }
}

bool is_known_to_callers(std::string_view field) {
  return field.ends_with("_id") || field.ends_with("_name") || field == "project";
}

}  // namespace

void redact_message(const Redactor& redactor, const api::MessageType& type, void* message) {
  if (redactor.empty()) return;
  for (const api::Field& field : type.fields) {
    if (!is_known_to_callers(field.info.name)) {
      redact_value(redactor, *field.type, field.in(message));
    }
  }
}

Error redacted_error(const Redactor& redactor, const Error& error) {
  return {error.code(), error.reason(), redactor.redact(error.message())};
}

}  // namespace pyro
