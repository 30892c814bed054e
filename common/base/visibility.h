#pragma once

/// What a program that uses the client library sees of it. All else is hidden, by the build's
/// default.
#define PYRO_API __attribute__((visibility("default")))
