#pragma once

/// Marks the public part of the client library. The build hides the rest.
#define PYRO_API __attribute__((visibility("default")))
