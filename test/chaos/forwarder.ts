// Stands for the Service in front of the gateways: pods know one address, and reach whichever operator listens behind it.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class Forwarder {
  readonly #server: Server;
  readonly #ports: () => readonly number[];
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  #turn = 0;

  private constructor(ports: () => readonly number[]) {
    this.#ports = ports;
    this.#server = createServer((socket) => this.#forward(socket));
  }

  /** `ports`: where the gateways listen by then, on this machine. */
  static async start(ports: () => readonly number[]): Promise<Forwarder> {
    const forwarder = new Forwarder(ports);
    await once(forwarder.#server.listen(0, "127.0.0.1"), "listening");
    return forwarder;
  }

  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo; // it listens on a port
    return `${address}:${port}`;
  }

  /** Nobody gets through, and every connection that there was is broken. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(client: Socket): void {
    const ports = this.#isCut ? [] : this.#ports();
    const port = ports[this.#turn % ports.length];
    this.#keep(client);
    if (port === undefined) return void client.destroy();
    this.#turn++;
    const gateway = connect(port, "127.0.0.1");
    this.#keep(gateway);
    client.pipe(gateway).pipe(client);
    client.on("close", () => gateway.destroy());
    gateway.on("close", () => client.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined); // a broken connection is what this is for
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
