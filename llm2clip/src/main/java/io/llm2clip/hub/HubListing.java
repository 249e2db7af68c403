package io.llm2clip.hub;

import java.util.List;

/**
 * What a repository holds at a revision.
 *
 * @param name as asked for
 * @param commit that the revision is at the moment
 * @param files all of them
 */
public record HubListing(HubName name, String commit, List<HubFile> files) {
    public HubListing {
        files = List.copyOf(files);
    }
}
