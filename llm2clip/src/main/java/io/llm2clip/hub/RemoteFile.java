package io.llm2clip.hub;

import java.net.URI;
import java.util.Optional;

/**
 * A file as the server answers for it.
 *
 * @param path within the repository
 * @param address to get it from
 * @param tag under which its content is kept
 * @param size in bytes
 * @param checksum of its content, if the server says
 */
record RemoteFile(String path, URI address, String tag, long size, Optional<Checksum> checksum) {}
