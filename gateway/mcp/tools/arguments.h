#pragma once

#include "common/api/message_type.h"
#include "gateway/mcp/protocol/json.h"

namespace pyro::mcp {

/// The arguments of a call as its model means them, where that is one thing only:
/// - null was not given, and neither was an empty text or choice where the field has a default
///   that is not empty;
/// - "30" is 30, "true" is true, and a list or an object in a string is that list or object;
/// - an integer is its digits where a label's value is asked for.
/// `defaults` are those of the tool. All else stays as it is, for the decoder to refuse by name.
Json as_meant(const Json& arguments, const api::MessageType& request, const Json& defaults);

}  // namespace pyro::mcp
