"""The garbage collector: objects whose owners are gone go too; owners that wait for their dependents are let go last.

Mirrors upstream's pkg/controller/garbagecollector. `graph` is the picture of who owns whom (pure), `decide` says what
to do with one object (pure), `monitors` keep the graph fed from every resource that discovery lists, `controller` acts.

Three ways to delete an owner:
    background  the owner goes at once; the collector finds its dependents ownerless and deletes them;
    foreground  the owner stays, with finalizer foregroundDeletion, until every dependent whose reference says
                blockOwnerDeletion is gone; dependents with dependents of their own are deleted in the foreground too;
    orphan      the owner stays, with finalizer orphan, until it is struck from its dependents' references.

A simplification against upstream: owners that were never seen are not kept as virtual nodes; their dependents
themselves are looked at, and each reference is checked against the server by its coordinates.
"""
