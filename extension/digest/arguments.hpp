// The arguments and results that the digest functions share. Plain C-style: what is returned lives
// in the current memory context; each raises an ERROR for what it does not take.
#pragma once

#include "common/digest_value.hpp"
#include "common/wire_row.hpp"

#include "extension/pg/postgres.hpp"

namespace custody::digest {

/// Raises null_value_not_allowed for an argument that is NULL.
void require(FunctionCallInfo fcinfo, int argument, const char *name);

/// The elements of a text[], none of them NULL.
char **names_of(Datum array, const char *argument, int *count);

wire::Form form_of(Datum name);
Profile profile_of(Datum name);

/// A power of two from 1 to kMaxBuckets.
uint32 buckets_of(Datum number);

/// The same names as a text[].
Datum text_array(char **texts, int count);

/// A row of the function's result type, at most eight columns, none of them NULL.
Datum make_record(FunctionCallInfo fcinfo, Datum *values);

} // namespace custody::digest
