package io.llm2clip.hub;

import java.util.Optional;

/**
 * A file of a repository as the Hub lists it.
 *
 * @param path within the repository, with slashes
 * @param size in bytes, negative if the listing does not say
 * @param checksum what its content must give; empty if the listing does not say
 */
public record HubFile(String path, long size, Optional<Checksum> checksum) {}
