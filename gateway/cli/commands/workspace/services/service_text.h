#pragma once

#include <string>

#include "common/api/workspace_services.h"

namespace pyro::cli {

std::string started_service_text(const api::ServiceReply& service);
std::string stopped_service_text(const api::ServiceReply& service);
std::string service_text(const api::ServiceReply& service, double now);
std::string service_list_text(const api::ServiceList& list, double now);
std::string service_log_text(const api::ServiceLog& log);

}  // namespace pyro::cli
