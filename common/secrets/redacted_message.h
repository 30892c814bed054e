#pragma once

#include "common/api/message_type.h"
#include "common/base/error.h"
#include "common/secrets/redactor.h"

namespace pyro {

/// Redacts every text of a message, whatever it is, but for ids, names (`…_id`, `…_name`) and the
/// project: those its callers chose or know already, and find things by.
void redact_message(const Redactor& redactor, const api::MessageType& type, void* message);
template <api::Message T>
void redact_message(const Redactor& redactor, T& message) {
  redact_message(redactor, api::message_type<T>(), &message);
}

/// The error with its sentence redacted.
Error redacted_error(const Redactor& redactor, const Error& error);

}  // namespace pyro
