// Bundles of one organization.
#include "common/bundle_kinds.hpp"

namespace custody::ledger {

namespace {

/// Adds the event's leaf (00) to the tree of its transaction.
Hash leaf_of(const EventLine &event) noexcept {
    return event_leaf(
        {event.order, event.op, event.context, event.descriptor, event.key, event.images});
}

Hash leaf_of(const TransactionLine &transaction, const Hash &tree) noexcept {
    return org_transaction_leaf(transaction.token, transaction.started, transaction.committing,
                                transaction.events, tree);
}

class OrgCheck : public KindCheck {
  public:
    explicit OrgCheck(BundleParts &parts)
        : parts_(parts), header_(parts.header), chain_(header_, parts.digests, parts.result) {}

    void take(std::string_view t, const JsonLine &line) override {
        switch (stage_) {
        case Stage::blocks:
            if (t == "block") {
                chain_.add(line, header_.from_block - 1, header_.to_block);
                return;
            }
            begin_body();
            take(t, line);
            return;
        case Stage::link_before:
            require(t == "link", Reason::place, "the link before the first is missing");
            link_before(line);
            return;
        case Stage::head_before:
            require(t == "head", Reason::place, "the head of the first block is missing");
            head(read_head(line), header_.from_block - 1);
            stage_ = Stage::body;
            return;
        case Stage::body:
            body(t, line);
            return;
        case Stage::over:
            require(false, Reason::place, "something follows the last line");
        }
    }

    void end() override {
        require(stage_ == Stage::over, Reason::place, "the bundle ends before its last line");
        parts_.events.end();
    }

  private:
    enum class Stage { blocks, link_before, head_before, body, over };

    void begin_body() {
        require(chain_.first() != 0, Reason::place, "there is no block");
        require(chain_.last() >= header_.to_block, Reason::block,
                "the blocks end before the last of the bundle");
        // Where from_block - 1 is there, it is for the link before.
        stage_ = chain_.first() < header_.from_block ? Stage::link_before : Stage::body;
    }

    void link_before(const JsonLine &line) {
        Link link = read_link(line, false);
        link.org = org_bytes(header_);
        require(link.k != 0 && link.block != 0 && link.block < header_.from_block, Reason::link,
                "the link before is of no block before");
        links_ = LinkState(link);
        stage_ = Stage::head_before;
    }

    void body(std::string_view t, const JsonLine &line) {
        if (parts_.events.take(t, line)) {
            return;
        }
        if (t == "event") {
            events_.add(leaf_of(parts_.events.event(line, false)));
        } else if (t == "transaction") {
            transaction(read_org_transaction(line));
        } else if (t == "link") {
            link(line);
        } else if (t == "head") {
            nothing_pending();
            require(transactions_.count() == 0, Reason::place, "a transaction has no link");
            head(read_head(line), header_.to_block);
            stage_ = Stage::over;
        } else {
            misplaced(t);
        }
    }

    void transaction(const TransactionLine &transaction) {
        require(transaction.events != 0 && transaction.events == events_.count(),
                Reason::transaction, "it has another number of events");
        parts_.events.end_transaction();
        transactions_.add(leaf_of(transaction, events_.value()));
        link_events_ += transaction.events;
        events_ = {};
        ++parts_.result.transactions;
    }

    void link(const JsonLine &line) {
        Link link = read_link(line, false);
        nothing_pending();
        link.org = org_bytes(header_);
        require(link.block >= header_.from_block && link.block <= header_.to_block, Reason::link,
                "its block is none of the bundle's");
        links_.follow(link, transactions_, link_events_);
        transactions_ = {};
        link_events_ = 0;
    }

    void nothing_pending() const {
        require(events_.count() == 0, Reason::place, "an event has no transaction");
        require(parts_.events.nothing_pending(), Reason::place, "a context has no event");
    }

    void head(const HeadLine &head, std::uint64_t block) {
        require(links_.k != 0, Reason::head, "the organization has no link");
        check_head(head, block, links_.hash, chain_.slots_of(block));
        require(!slot_ || *slot_ == head.slot, Reason::head, "the slots of the heads differ");
        slot_ = head.slot;
    }

    BundleParts &parts_;
    const HeaderLine &header_;
    Stage stage_ = Stage::blocks;
    BlockChain chain_;
    LinkState links_;
    std::optional<std::uint32_t> slot_;
    GrowingTree events_;       // of the transaction
    GrowingTree transactions_; // of the link
    std::uint64_t link_events_ = 0;
};

class EventCheck : public KindCheck {
  public:
    explicit EventCheck(BundleParts &parts)
        : parts_(parts), header_(parts.header), chain_(header_, parts.digests, parts.result) {}

    void take(std::string_view t, const JsonLine &line) override {
        if (t == "block" && step_ == 0 && parts_.events.nothing_pending()) {
            chain_.add(line, header_.to_block, header_.to_block);
            return;
        }
        require(chain_.first() != 0, Reason::place, "there is no block");
        require(step_ < kSteps.size(), Reason::place, "something follows the last line");
        if (step_ == 0 && parts_.events.take(t, line)) {
            return;
        }
        if (t != kSteps[step_]) {
            misplaced(t);
        }
        ++step_;
        if (t == "event") {
            leaf_ = leaf_of(parts_.events.event(line, false));
        } else if (t == "path") {
            path_ = read_path(line);
        } else if (t == "transaction") {
            transaction(read_org_transaction(line));
        } else if (t == "link") {
            link(line);
        } else {
            check_head(read_head(line), header_.to_block, leaf_, chain_.slots_of(header_.to_block));
        }
    }

    void end() override {
        require(step_ == kSteps.size(), Reason::place, "the bundle ends before its last line");
    }

  private:
    static constexpr std::array<std::string_view, 6> kSteps{"event", "path", "transaction",
                                                            "path",  "link", "head"};

    Hash follow_path(std::uint64_t of, Reason reason) const {
        require(path_.of == of, reason, "the path is of another number of leaves");
        const auto tree = root_from_path(leaf_, path_.index, path_.of, path_.hashes);
        require(tree.has_value(), reason, "the path is not of the length of its place");
        return *tree;
    }

    void transaction(const TransactionLine &transaction) {
        const Hash tree = follow_path(transaction.events, Reason::transaction);
        leaf_ = leaf_of(transaction, tree);
        ++parts_.result.transactions;
    }

    void link(const JsonLine &line) {
        Link link = read_link(line, false);
        link.org = org_bytes(header_);
        const Hash tree = follow_path(link.transactions, Reason::link);
        require(tree == link.tree, Reason::link, "the path does not lead to its tree");
        require(link.block == header_.to_block, Reason::link, "it is of another block");
        require(link.k != 0, Reason::link, "its k is none");
        leaf_ = link_hash(link);
    }

    BundleParts &parts_;
    const HeaderLine &header_;
    BlockChain chain_;
    std::size_t step_ = 0;
    Hash leaf_{}; // of the event, then its transaction; then the link
    PathLine path_{};
};

} // namespace

void check_head(const HeadLine &head, std::uint64_t block, const Hash &link, const Hash &slots) {
    require(head.block == block, Reason::head, "the head is of another block");
    require(head.link == link, Reason::head, "the head has another link than the last one");
    require(root_from_slot(slot_leaf(head.blinding, head.link), head.slot, head.path) == slots,
            Reason::head, "the path does not lead to the slots of the block");
}

std::unique_ptr<KindCheck> check_org(BundleParts &parts) {
    return std::make_unique<OrgCheck>(parts);
}

std::unique_ptr<KindCheck> check_event(BundleParts &parts) {
    return std::make_unique<EventCheck>(parts);
}

} // namespace custody::ledger
