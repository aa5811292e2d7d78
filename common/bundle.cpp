#include "common/bundle.hpp"

#include <algorithm>

#include "common/bundle_kinds.hpp"
#include "common/strict_json.hpp"
#include "common/token_identity.hpp"

namespace custody::ledger {

namespace {

std::string hex(std::string_view bytes) {
    std::string digits;
    for (const char c : bytes) {
        const auto value = static_cast<unsigned char>(c);
        digits += "0123456789abcdef"[value >> 4];
        digits += "0123456789abcdef"[value & 15];
    }
    return digits;
}

} // namespace

std::string_view verdict_word(BundleVerdict verdict) noexcept {
    switch (verdict) {
    case BundleVerdict::proven:
        return "proven";
    case BundleVerdict::refuted:
        return "refuted";
    default:
        return "unproven";
    }
}

std::string_view reason_word(Reason reason) noexcept {
    constexpr std::string_view kWords[]{"",     "form",  "place",  "transaction", "link",
                                        "head", "block", "member", "slot",        "digest"};
    return kWords[static_cast<std::size_t>(reason)];
}

Digest parse_digest(std::string text) {
    try {
        const auto object = token::parse_object(text);
        const auto member = [&object](const char *name) {
            const auto found = object.find(name);
            return found != object.end() && found->is_string() ? found->get<std::string>() : "";
        };
        const auto ledger = parse_uuid(member("ledger"));
        const auto hash = parse_hash(member("hash"));
        const auto block = object.find("block");
        if (member("format") != "custody-digest-1" || !ledger || !hash || block == object.end() ||
            !block->is_number_unsigned() || block->get<std::uint64_t>() - 1 >= kMostNumber) {
            throw DigestError("it is no digest of a ledger");
        }
        return {*ledger, block->get<std::uint64_t>(), *hash};
    } catch (const token::Refused &refused) {
        throw DigestError(refused.what());
    }
}

class BundleCheck::State {
  public:
    explicit State(std::vector<Digest> digests) : digests_(std::move(digests)) {
        for (const Digest &digest : digests_) {
            result_.newest_digest = std::max(result_.newest_digest, digest.block);
        }
    }

    bool add_line(std::span<char> text) {
        return !refuted_ && guarded([&] {
            ++result_.lines;
            if (parts_) {
                parts_->line = result_.lines;
            }
            require(line_.parse(text), Reason::form, "it is no JSON object in UTF-8");
            parts_ ? take() : begin();
        });
    }

    BundleResult finish() {
        if (!refuted_) {
            guarded([&] {
                require(kind_ != nullptr, Reason::place, "there is no header");
                kind_->end();
            });
        }
        if (!refuted_) {
            guarded([&] { result_.digest_block = parts_->digests.latest(parts_->header.ledger); });
        }
        if (!refuted_) {
            conclude();
        }
        return result_;
    }

  private:
    template <typename Work> bool guarded(const Work &work) {
        try {
            work();
        } catch (const Refutation &refutation) {
            refuted_ = true;
            result_.verdict = BundleVerdict::refuted;
            result_.reason = refutation.reason;
            result_.detail = refutation.detail;
            result_.line = refutation.reason == Reason::digest ? 0
                           : refutation.line != 0              ? refutation.line
                                                               : result_.lines;
        }
        return !refuted_;
    }

    void begin() {
        HeaderLine header = read_header(line_);
        result_.kind = header.kind_word;
        result_.ledger = header.ledger_text;
        result_.org = hex(header.org);
        result_.from_block = header.from_block;
        result_.to_block = header.to_block;
        parts_.reset(
            new BundleParts{std::move(header), result_, DigestMatch(digests_), Events(result_), 1});
        switch (parts_->header.kind) {
        case BundleKind::org:
            kind_ = check_org(*parts_);
            return;
        case BundleKind::event:
            kind_ = check_event(*parts_);
            return;
        case BundleKind::ledger:
            kind_ = check_ledger(*parts_);
        }
    }

    void take() {
        std::string_view t;
        for (std::uint32_t at = 1, i = 0; i < line_.at(0).size; ++i, at = line_.at(at + 1).next) {
            if (text_of(line_.at(at)) == "t") {
                t = text_of(line_.at(at + 1));
            }
        }
        constexpr std::array kKnown{"descriptor", "context", "event", "transaction",
                                    "link",       "block",   "head",  "path"};
        const bool known = std::find(kKnown.begin(), kKnown.end(), t) != kKnown.end() ||
                           (t == "prune" && parts_->header.kind == BundleKind::ledger);
        require(known, Reason::place, "t is unknown, or missing");
        kind_->take(t, line_);
    }

    void conclude() {
        if (result_.digest_block < parts_->header.to_block) {
            result_.detail = "no digest is of its last block or one after it";
        } else if (result_.pruned > 0) {
            result_.detail = "transactions were pruned";
        } else {
            result_.verdict = BundleVerdict::proven;
        }
    }

    std::vector<Digest> digests_;
    BundleResult result_;
    JsonLine line_;
    bool refuted_ = false;
    std::unique_ptr<BundleParts> parts_;
    std::unique_ptr<KindCheck> kind_;
};

BundleCheck::BundleCheck(std::vector<Digest> digests)
    : state_(std::make_unique<State>(std::move(digests))) {}

BundleCheck::~BundleCheck() = default;

bool BundleCheck::add_line(std::span<char> line) { return state_->add_line(line); }

BundleResult BundleCheck::finish() { return state_->finish(); }

} // namespace custody::ledger
