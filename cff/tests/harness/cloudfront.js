// Stands in for CloudFront's module of this name.

export default {
    kvs(id) {
        const store = globalThis.stub.store;
        if (!store || store.id !== id) throw new Error('there is no such store');
        return {
            get(key) {
                if (store.key !== key) return Promise.reject(new Error('there is no such key'));
                return Promise.resolve(store.value);
            },
        };
    },
    updateRequestOrigin(origin) {
        if (!origin.domainName.includes('.')) throw new Error('there is no such domain');
        globalThis.stub.moves.push({ update: origin });
    },
    selectRequestOriginById(id, origin) {
        if (id === 'missing') throw new Error('there is no such origin');
        globalThis.stub.moves.push({ select: id, origin: origin });
    },
};
