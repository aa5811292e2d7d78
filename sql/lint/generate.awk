# Makes the rules of custody.lint() from sql/lint/: -v form=sql the function that lists them, -v
# form=cpp the table in the loader, so that both run the same text. Arguments: the parts, in order,
# then the rules, in order.
#
# A part is a common table expression "lint_NAME AS (...)" (or several); a rule names those that it
# uses, and gets them and whatever they use in turn. NAME.none is the part's text for a server
# without this extension; the loader puts it in the part's place.

FNR == 1 { finish(); file = FILENAME; body = ""; key = ""; split("", field); heading = 1 }
heading && /^-- [a-z]+: / {
    key = substr($2, 1, length($2) - 1); field[key] = substr($0, length(key) + 6); next
}
heading && /^--   / && key != "" { field[key] = field[key] " " substr($0, 6); next }
heading && /^--/ { next }
{ heading = 0; body = body (body == "" ? "" : "\n") $0 }
END { finish(); if (!failed) { if (form == "sql") sql(); else cpp() } exit failed }

function fail(what) { print file ": " what > "/dev/stderr"; failed = 1 }

function finish(   name, rest) {
    if (file == "" || failed) return
    if (file ~ /\/parts\//) {
        name = file; sub(/\.none$/, ".sql", name)
        if (file ~ /\.none$/) { none = body; return }
        part[++parts] = body; part_of[file] = parts
        if (name ~ /20_protection/) protection = parts
        rest = body
        while (match(rest, /(^|\n)lint_[a-z]+ AS (MATERIALIZED )?\(/)) {
            name = substr(rest, RSTART, RLENGTH)
            gsub(/\n| AS .*/, "", name); defined[name] = parts
            rest = substr(rest, RSTART + RLENGTH)
        }
        return
    }
    check_rule()
    rules++
    code[rules] = field["code"]; rule_name[rules] = field["name"]; level[rules] = field["level"]
    title[rules] = field["title"]; why[rules] = field["why"]; needs[rules] = field["needs"]
    since[rules] = field["since"] == "" ? 0 : field["since"]
    query[rules] = composed(body)
    if (since[rules] == 0)
        batch = batch (batch == "" ? "" : "\nUNION ALL\n") "SELECT '" code[rules] \
            "' AS code, f.object, f.seen, f.remediation FROM (\n" body "\n) f"
}

function check_rule(   stem) {
    stem = file; sub(/^.*\//, "", stem); sub(/\.sql$/, "", stem)
    if (stem != field["code"] "_" field["name"]) fail("is not named for its code and name")
    if (field["level"] !~ /^(error|warning|info)$/) fail("level is not error, warning or info")
    if (field["title"] == "" || field["why"] == "") fail("title or why is missing")
    if (field["needs"] !~ /^(|org|custody)$/) fail("needs is not org or custody")
    if (body !~ /^SELECT /) fail("does not begin with SELECT")
    if (body ~ /\$lint\$|\)lint"|;[ \n]*$/) fail("ends in a semicolon, or holds a delimiter of the generated text")
}

# Later parts may use earlier ones, so one walk backwards finds all.
function composed(text,   i, wanted, list) {
    split("", wanted)
    mark(text, wanted)
    for (i = parts; i >= 1; i--) if (i in wanted) mark(part[i], wanted)
    for (i = 1; i <= parts; i++) if (i in wanted) list = list (list == "" ? "" : ",\n") part[i]
    return list == "" ? text : "WITH RECURSIVE " list "\n" text
}

function mark(text, wanted,   name) {
    while (match(text, /lint_[a-z]+/)) {
        name = substr(text, RSTART, RLENGTH); text = substr(text, RSTART + RLENGTH)
        if (!(name in defined)) fail("no part defines " name)
        else wanted[defined[name]] = 1
    }
}

function quoted(text) { gsub(/'/, "''", text); return "'" text "'" }

function sql(   i) {
    print "CREATE FUNCTION custody.lint_rules()"
    print "RETURNS TABLE (code text, name text, level text, title text, why text, needs text,"
    print "               since int4, query text)"
    print "LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS " rules
    print "SET search_path = pg_catalog, pg_temp AS $rules$\nVALUES"
    for (i = 1; i <= rules; i++)
        print "(" quoted(code[i]) ", " quoted(rule_name[i]) ", " quoted(level[i]) ",\n" \
            quoted(title[i]) ",\n" quoted(why[i]) ",\n" quoted(needs[i]) ", " since[i] \
            ", $lint$" query[i] "$lint$)" (i < rules ? "," : "")
    print "$rules$;\n"
    print "CREATE FUNCTION custody.lint_query()"
    print "RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE"
    print "SET search_path = pg_catalog, pg_temp AS $query$\nSELECT $lint$" composed(batch) "$lint$;"
    print "$query$;"
}

function c_string(text) { gsub(/\\/, "\\\\", text); gsub(/"/, "\\\"", text); return "\"" text "\"" }
function raw(text) { return "R\"lint(" text ")lint\"" }

function cpp(   i) {
    print "#include \"loader/lint/rules.hpp\"\n\nnamespace custody::lint {\n"
    print "const std::string_view kProtection = " raw(part[protection]) ";\n"
    print "const std::string_view kNoProtection = " raw(none) ";\n"
    print "namespace {\nconstexpr Rule kRules[] = {"
    for (i = 1; i <= rules; i++)
        print "    {" c_string(code[i]) ", " c_string(rule_name[i]) ", " c_string(level[i]) ",\n     " \
            c_string(title[i]) ",\n     " c_string(why[i]) ",\n     " c_string(needs[i]) ", " since[i] \
            ",\n     " raw(query[i]) "},"
    print "};\n} // namespace\n"
    print "const std::string_view kBatch = " raw(composed(batch)) ";\n"
    print "std::span<const Rule> rules() { return kRules; }\n\n} // namespace custody::lint"
}
